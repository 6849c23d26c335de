-- One row is one document. Written by `bisan-indexer init`: edit it as you like.
-- left out: shareToken (a secret)
-- a change in _NoteToTag, Tag alone is found by comparing only: nothing there tells when
SELECT
  Note.id AS id, -- the key
  Note.titleAr AS titleAr, -- what a row is called: searched, sorted
  Note.titleEn AS titleEn, -- what a row is called: searched
  Note.content AS content, -- a text: searched
  Note.isPinned AS "isPinned:bool", -- true or false: filtered
  CASE WHEN Note.latitude IS NOT NULL AND Note.longitude IS NOT NULL THEN json_object('lat', Note.latitude, 'lng', Note.longitude) END AS "_geo:json", -- a place on earth: filtered, sorted
  Note.attachments AS "attachments:json", -- a list: filtered
  Note.notebookId AS notebookId, -- a row of another table: filtered
  Note.createdAt AS "createdAt:unix", -- a time: filtered, sorted
  Note.updatedAt AS "updatedAt:unix", -- a time: filtered, sorted
  notebook.title AS notebookName, -- the name of a row of Notebook: searched, filtered
  (SELECT json_group_array(Tag.name ORDER BY Tag.name) FROM _NoteToTag JOIN Tag ON Tag.id = _NoteToTag.B WHERE _NoteToTag.A = Note.id) AS "tags:json", -- the names of all rows of Tag that _NoteToTag joins: searched, filtered
  COALESCE(Note.titleAr, '') || ' ' || COALESCE(Note.content, '') AS "forms:arabic_forms" -- the forms of Arabic words that readers ask for: searched
FROM Note
LEFT JOIN Notebook AS notebook ON notebook.id = Note.notebookId
WHERE true
  AND Note.deletedAt IS NULL -- what was deleted softly stays out
