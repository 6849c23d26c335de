-- The name of an author is in each of the author's articles, so an author's change is a change of them all.
SELECT articles.id AS id, articles.updated_at AS changed_at
FROM articles
WHERE articles.updated_at >= :since
UNION ALL
SELECT articles.id AS id, authors.updated_at AS changed_at
FROM authors
JOIN articles ON articles.author_id = authors.id
WHERE authors.updated_at >= :since
