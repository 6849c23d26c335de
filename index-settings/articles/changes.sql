SELECT id, updated_at AS changed_at FROM articles WHERE updated_at >= :since
