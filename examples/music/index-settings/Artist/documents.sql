-- One row is one document. Written by `bisan-indexer init`: edit it as you like.
-- no column tells when a row changed: sync compares all 40 documents; `bisan-indexer triggers` prints a change log that finds each change
SELECT
  Artist.ArtistId AS id, -- the key
  Artist.Name AS Name -- what a row is called: searched, sorted
FROM Artist
