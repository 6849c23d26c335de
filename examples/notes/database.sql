-- An app for notes in Arabic and English, as Prisma keeps it: names in camelCase, times in milliseconds, keys that are made by the
-- application, an implicit table between notes and tags. All texts and persons are invented.
CREATE TABLE _prisma_migrations (id TEXT NOT NULL PRIMARY KEY, checksum TEXT NOT NULL, migration_name TEXT NOT NULL, finished_at DATETIME);
CREATE TABLE User (id TEXT NOT NULL PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT, passwordHash TEXT NOT NULL, createdAt DATETIME NOT NULL);
CREATE TABLE Session (id TEXT NOT NULL PRIMARY KEY, sessionToken TEXT NOT NULL UNIQUE, userId TEXT NOT NULL REFERENCES User (id), expires DATETIME NOT NULL);
CREATE TABLE Notebook (id TEXT NOT NULL PRIMARY KEY, title TEXT NOT NULL, ownerId TEXT NOT NULL REFERENCES User (id), updatedAt DATETIME NOT NULL);
CREATE TABLE Tag (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE);
CREATE TABLE Note (
  id TEXT NOT NULL PRIMARY KEY, titleAr TEXT, titleEn TEXT, content TEXT NOT NULL, isPinned BOOLEAN NOT NULL DEFAULT false, latitude REAL, longitude REAL,
  shareToken TEXT UNIQUE, attachments TEXT NOT NULL DEFAULT '[]', notebookId TEXT NOT NULL REFERENCES Notebook (id),
  createdAt DATETIME NOT NULL, updatedAt DATETIME NOT NULL, deletedAt DATETIME
);
CREATE TABLE _NoteToTag (A TEXT NOT NULL REFERENCES Note (id), B INTEGER NOT NULL REFERENCES Tag (id));
CREATE UNIQUE INDEX _NoteToTag_AB_unique ON _NoteToTag (A, B);

INSERT INTO _prisma_migrations VALUES ('b0f5c3d2-0000-4000-8000-000000000001', 'abc', '20260101_init', 1767225600000);
INSERT INTO User VALUES ('ckx0000000000000000000001', 'layla@example.com', 'Layla Haddad', '$2b$10$invented', 1767225600000);
INSERT INTO Session VALUES ('ckx0000000000000000000901', 'e7a1c0ffee', 'ckx0000000000000000000001', 1798761600000);
INSERT INTO Notebook VALUES ('ckx0000000000000000000101', 'Recipes', 'ckx0000000000000000000001', 1767225600000), ('ckx0000000000000000000102', 'Travels', 'ckx0000000000000000000001', 1767225600000);
INSERT INTO Tag (name) VALUES ('وصفة'), ('سفر'), ('idea'), ('family'), ('عمل');
INSERT INTO Note (id, titleAr, titleEn, content, isPinned, latitude, longitude, shareToken, attachments, notebookId, createdAt, updatedAt, deletedAt)
  WITH RECURSIVE i (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM i WHERE n < 47),
  a (n, v) AS (SELECT key, value FROM json_each('["خبز القمح","زيت الزيتون","طريق الجبل","رسالة من البحر","سوق المدينة","حديقة الجدة"]')),
  e (n, v) AS (SELECT key, value FROM json_each('["Wheat bread","Olive oil","The mountain road","A letter from the sea","The city market","Grandmother''s garden"]')),
  c (n, v) AS (SELECT key, value FROM json_each('["نخلط الطحين بالماء الدافئ ونترك العجين ساعة كاملة قبل الخبز.","كان الطريق طويلا، وعند الغروب وصلنا إلى قرية صغيرة بين أشجار الزيتون.","Buy lemons, ask Omar about the keys, and write down what the baker said.","في السوق القديم باعة يعرفون أسماء زبائنهم واحدا واحدا.","The train leaves at seven, and the ferry waits for nobody."]'))
  SELECT printf('cky%022d', i.n), a.v, CASE WHEN i.n % 3 = 0 THEN NULL ELSE e.v END, c.v || ' ' || (SELECT v FROM c AS d WHERE d.n = (i.n + 2) % 5), i.n % 7 = 0,
         CASE WHEN i.n % 2 = 0 THEN 32.1 + i.n / 100.0 END, CASE WHEN i.n % 2 = 0 THEN 35.2 + i.n / 100.0 END, CASE WHEN i.n % 5 = 0 THEN 'share-' || i.n END,
         CASE WHEN i.n % 4 = 0 THEN json_array('photo' || i.n || '.jpg', 'map.pdf') ELSE '[]' END, 'ckx000000000000000000010' || (i.n % 2 + 1),
         1767225600000 + i.n * 86400000, 1767229200000 + i.n * 86400000, CASE WHEN i.n % 12 = 11 THEN 1772000000000 END
  FROM i JOIN a ON a.n = i.n % 6 JOIN e ON e.n = i.n % 6 JOIN c ON c.n = i.n % 5;
INSERT INTO _NoteToTag SELECT id, (rowid % 5) + 1 FROM Note UNION SELECT id, (rowid % 3) + 1 FROM Note;
