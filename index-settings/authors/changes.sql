SELECT authors.id AS id, authors.updated_at AS changed_at
FROM authors
WHERE authors.updated_at >= :since
