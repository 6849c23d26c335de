-- A shop for music, in the schema that many tutorials use: names in PascalCase, no column that tells when a row changed.
-- All artists, tracks and persons are invented.
CREATE TABLE Artist (ArtistId INTEGER PRIMARY KEY, Name NVARCHAR(120));
CREATE TABLE Album (AlbumId INTEGER PRIMARY KEY, Title NVARCHAR(160) NOT NULL, ArtistId INTEGER NOT NULL REFERENCES Artist (ArtistId));
CREATE TABLE Genre (GenreId INTEGER PRIMARY KEY, Name NVARCHAR(120));
CREATE TABLE MediaType (MediaTypeId INTEGER PRIMARY KEY, Name NVARCHAR(120));
CREATE TABLE Track (
  TrackId INTEGER PRIMARY KEY, Name NVARCHAR(200) NOT NULL, AlbumId INTEGER REFERENCES Album (AlbumId),
  MediaTypeId INTEGER NOT NULL REFERENCES MediaType (MediaTypeId), GenreId INTEGER REFERENCES Genre (GenreId),
  Composer NVARCHAR(220), Milliseconds INTEGER NOT NULL, Bytes INTEGER, UnitPrice NUMERIC(10,2) NOT NULL
);
CREATE TABLE Playlist (PlaylistId INTEGER PRIMARY KEY, Name NVARCHAR(120));
CREATE TABLE PlaylistTrack (
  PlaylistId INTEGER NOT NULL REFERENCES Playlist (PlaylistId), TrackId INTEGER NOT NULL REFERENCES Track (TrackId),
  PRIMARY KEY (PlaylistId, TrackId)
);
CREATE TABLE Employee (
  EmployeeId INTEGER PRIMARY KEY, LastName NVARCHAR(20) NOT NULL, FirstName NVARCHAR(20) NOT NULL, Title NVARCHAR(30),
  ReportsTo INTEGER REFERENCES Employee (EmployeeId), BirthDate DATETIME, HireDate DATETIME, Address NVARCHAR(70), City NVARCHAR(40),
  Country NVARCHAR(40), PostalCode NVARCHAR(10), Phone NVARCHAR(24), Email NVARCHAR(60)
);
CREATE TABLE Customer (
  CustomerId INTEGER PRIMARY KEY, FirstName NVARCHAR(40) NOT NULL, LastName NVARCHAR(20) NOT NULL, Company NVARCHAR(80),
  Address NVARCHAR(70), City NVARCHAR(40), State NVARCHAR(40), Country NVARCHAR(40), PostalCode NVARCHAR(10), Phone NVARCHAR(24),
  Fax NVARCHAR(24), Email NVARCHAR(60) NOT NULL, SupportRepId INTEGER REFERENCES Employee (EmployeeId)
);
CREATE TABLE Invoice (
  InvoiceId INTEGER PRIMARY KEY, CustomerId INTEGER NOT NULL REFERENCES Customer (CustomerId), InvoiceDate DATETIME NOT NULL,
  BillingCity NVARCHAR(40), BillingCountry NVARCHAR(40), Total NUMERIC(10,2) NOT NULL
);
CREATE TABLE InvoiceLine (
  InvoiceLineId INTEGER PRIMARY KEY, InvoiceId INTEGER NOT NULL REFERENCES Invoice (InvoiceId),
  TrackId INTEGER NOT NULL REFERENCES Track (TrackId), UnitPrice NUMERIC(10,2) NOT NULL, Quantity INTEGER NOT NULL
);

CREATE TEMP TABLE w (k TEXT, n INTEGER, v TEXT);
INSERT INTO w SELECT 'first', key, value FROM json_each('["Layla","Omar","Mira","Jonas","Salma","Elias","Nour","Clara","Tariq","Ida"]');
INSERT INTO w SELECT 'last', key, value FROM json_each('["Haddad","Nasser","Lindqvist","Moreau","Baker","Sabbagh","Okafor","Rossi","Kaya"]');
INSERT INTO w SELECT 'adjective', key, value FROM json_each('["Silent","Golden","Distant","Paper","Hollow","Morning","Northern","Broken","Slow","Bright","Salt"]');
INSERT INTO w SELECT 'noun', key, value FROM json_each('["River","Harbour","Lantern","Orchard","Window","Train","Garden","Mirror","Mountain","Letter","Station","Kitchen","Bridge"]');
INSERT INTO w SELECT 'place', key, value FROM json_each('["Haifa","Berlin","Nablus","Porto","Cardiff","Izmir","Bergen","Amman"]');
INSERT INTO w SELECT 'country', key, value FROM json_each('["Palestine","Germany","Palestine","Portugal","Wales","Türkiye","Norway","Jordan"]');

INSERT INTO Genre (Name) VALUES ('Rock'), ('Jazz'), ('Oud'), ('Electronic'), ('Folk');
INSERT INTO MediaType (Name) VALUES ('FLAC file'), ('MPEG audio file');
INSERT INTO Artist (Name)
  WITH RECURSIVE i (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM i WHERE n < 39)
  SELECT 'The ' || (SELECT v FROM w WHERE k = 'adjective' AND w.n = i.n % 11) || ' ' || (SELECT v FROM w WHERE k = 'noun' AND w.n = (i.n * 5 + 1) % 13) || 's' FROM i;
INSERT INTO Album (Title, ArtistId)
  WITH RECURSIVE i (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM i WHERE n < 79)
  SELECT (SELECT v FROM w WHERE k = 'noun' AND w.n = i.n % 13) || ' of ' || (SELECT v FROM w WHERE k = 'place' AND w.n = (i.n * 3) % 8), i.n % 40 + 1 FROM i;
INSERT INTO Track (Name, AlbumId, MediaTypeId, GenreId, Composer, Milliseconds, Bytes, UnitPrice)
  WITH RECURSIVE i (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM i WHERE n < 599)
  SELECT (SELECT v FROM w WHERE k = 'adjective' AND w.n = (i.n * 7) % 11) || ' ' || (SELECT v FROM w WHERE k = 'noun' AND w.n = (i.n / 2) % 13)
           || CASE WHEN i.n % 9 = 0 THEN ' (Live)' ELSE '' END,
         i.n % 80 + 1, i.n % 2 + 1, i.n % 5 + 1,
         CASE WHEN i.n % 4 = 0 THEN NULL ELSE (SELECT v FROM w WHERE k = 'first' AND w.n = (i.n * 3) % 10) || ' ' || (SELECT v FROM w WHERE k = 'last' AND w.n = (i.n * 7) % 9) END,
         120000 + (i.n * 7919) % 300000, 3000000 + (i.n * 104729) % 9000000, CASE WHEN i.n % 10 = 0 THEN 1.99 ELSE 0.99 END FROM i;
INSERT INTO Playlist (Name) VALUES ('For the road'), ('Evening'), ('Work'), ('Guests');
INSERT INTO PlaylistTrack SELECT DISTINCT TrackId % 4 + 1, TrackId FROM Track UNION SELECT 2, TrackId FROM Track WHERE TrackId % 3 = 0;
INSERT INTO Employee (LastName, FirstName, Title, ReportsTo, BirthDate, HireDate, Address, City, Country, PostalCode, Phone, Email) VALUES
  ('Haddad', 'Layla', 'General Manager', NULL, '1974-02-18 00:00:00', '2015-08-14 00:00:00', '12 Sea Street', 'Haifa', 'Palestine', '31000', '+972 (4) 555-0100', 'layla@example.com'),
  ('Lindqvist', 'Jonas', 'Sales Support', 1, '1981-06-03 00:00:00', '2017-04-01 00:00:00', '4 Fish Lane', 'Bergen', 'Norway', '5003', '+47 55 55 01 00', 'jonas@example.com'),
  ('Rossi', 'Clara', 'Sales Support', 1, '1985-11-21 00:00:00', '2018-05-03 00:00:00', '9 Hill Road', 'Porto', 'Portugal', '4000', '+351 22 555 0100', 'clara@example.com');
INSERT INTO Customer (FirstName, LastName, Company, Address, City, State, Country, PostalCode, Phone, Fax, Email, SupportRepId)
  WITH RECURSIVE i (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM i WHERE n < 44)
  SELECT (SELECT v FROM w WHERE k = 'first' AND w.n = i.n % 10), (SELECT v FROM w WHERE k = 'last' AND w.n = (i.n * 4) % 9),
         CASE WHEN i.n % 5 = 0 THEN (SELECT v FROM w WHERE k = 'noun' AND w.n = i.n % 13) || ' Records' END, (i.n + 3) || ' Main Street',
         (SELECT v FROM w WHERE k = 'place' AND w.n = i.n % 8), NULL, (SELECT v FROM w WHERE k = 'country' AND w.n = i.n % 8), 10000 + i.n, '+49 30 555-' || (1000 + i.n),
         NULL, 'customer' || i.n || '@example.com', i.n % 2 + 2 FROM i;
INSERT INTO Invoice (CustomerId, InvoiceDate, BillingCity, BillingCountry, Total)
  SELECT CustomerId, '2026-0' || (CustomerId % 9 + 1) || '-11 00:00:00', City, Country, 0.99 * (CustomerId % 7 + 1) FROM Customer;
INSERT INTO InvoiceLine (InvoiceId, TrackId, UnitPrice, Quantity) SELECT InvoiceId, (InvoiceId * 13) % 600 + 1, 0.99, 1 FROM Invoice;
DROP TABLE w;
