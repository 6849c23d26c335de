SELECT id, updated_at AS changed_at FROM authors WHERE updated_at >= :since
