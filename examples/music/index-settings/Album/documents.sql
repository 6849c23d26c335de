-- One row is one document. Written by `bisan-indexer init`: edit it as you like.
-- no column tells when a row changed: sync compares all 80 documents; `bisan-indexer triggers` prints a change log that finds each change
SELECT
  Album.AlbumId AS id, -- the key
  Album.Title AS Title, -- what a row is called: searched, sorted
  Album.ArtistId AS ArtistId, -- a row of another table: filtered
  artist.Name AS ArtistName -- the name of a row of Artist: searched, filtered
FROM Album
LEFT JOIN Artist AS artist ON artist.ArtistId = Album.ArtistId
