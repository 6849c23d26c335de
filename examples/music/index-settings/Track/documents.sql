-- One row is one document. Written by `bisan-indexer init`: edit it as you like.
-- no column tells when a row changed: sync compares all 600 documents; `bisan-indexer triggers` prints a change log that finds each change
SELECT
  Track.TrackId AS id, -- the key
  Track.Name AS Name, -- what a row is called: searched, sorted
  Track.AlbumId AS AlbumId, -- a row of another table: filtered
  Track.MediaTypeId AS MediaTypeId, -- a row of another table: filtered
  Track.GenreId AS GenreId, -- a row of another table: filtered
  Track.Composer AS Composer, -- words, mostly different ones: searched
  Track.Milliseconds AS Milliseconds, -- a number: filtered, sorted
  Track.Bytes AS Bytes, -- a number: filtered, sorted
  Track.UnitPrice AS UnitPrice, -- a number: filtered, sorted
  album.Title AS AlbumName, -- the name of a row of Album: searched, filtered
  mediatype.Name AS MediaTypeName, -- the name of a row of MediaType: searched, filtered
  genre.Name AS GenreName, -- the name of a row of Genre: searched, filtered
  artist.Name AS ArtistName, -- the name of a row of Artist: searched, filtered
  (SELECT json_group_array(Playlist.Name ORDER BY Playlist.Name) FROM PlaylistTrack JOIN Playlist ON Playlist.PlaylistId = PlaylistTrack.PlaylistId WHERE PlaylistTrack.TrackId = Track.TrackId) AS "Playlists:json" -- the names of all rows of Playlist that PlaylistTrack joins: searched, filtered
FROM Track
LEFT JOIN Album AS album ON album.AlbumId = Track.AlbumId
LEFT JOIN MediaType AS mediatype ON mediatype.MediaTypeId = Track.MediaTypeId
LEFT JOIN Genre AS genre ON genre.GenreId = Track.GenreId
LEFT JOIN Artist AS artist ON artist.ArtistId = album.ArtistId
