SELECT Note.id AS id, Note.updatedAt AS changed_at
FROM Note
WHERE Note.updatedAt >= :since
UNION ALL
SELECT Note.id AS id, notebook.updatedAt AS changed_at
FROM Notebook AS notebook
JOIN Note ON notebook.id = Note.notebookId
WHERE notebook.updatedAt >= :since
