SELECT id FROM articles
