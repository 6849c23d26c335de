SELECT id FROM authors
