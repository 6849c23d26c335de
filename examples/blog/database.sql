-- A blog as Django keeps it: the framework's own tables, posts with an author, a category and tags, drafts beside published
-- posts. All texts and persons are invented.
CREATE TABLE django_migrations (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, app varchar(255) NOT NULL, name varchar(255) NOT NULL, applied datetime NOT NULL);
CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY, session_data text NOT NULL, expire_date datetime NOT NULL);
CREATE TABLE django_content_type (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, app_label varchar(100) NOT NULL, model varchar(100) NOT NULL);
CREATE TABLE auth_user (
  id integer NOT NULL PRIMARY KEY AUTOINCREMENT, password varchar(128) NOT NULL, last_login datetime, username varchar(150) NOT NULL UNIQUE,
  first_name varchar(150) NOT NULL, last_name varchar(150) NOT NULL, email varchar(254) NOT NULL, is_staff bool NOT NULL, date_joined datetime NOT NULL
);
CREATE TABLE blog_category (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, name varchar(80) NOT NULL, slug varchar(80) NOT NULL UNIQUE);
CREATE TABLE blog_tag (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, name varchar(80) NOT NULL, slug varchar(80) NOT NULL UNIQUE);
CREATE TABLE blog_post (
  id integer NOT NULL PRIMARY KEY AUTOINCREMENT, title varchar(200) NOT NULL, slug varchar(200) NOT NULL UNIQUE, summary text NOT NULL,
  body text NOT NULL, status varchar(12) NOT NULL, preview_token varchar(64), cover_image varchar(100), reading_minutes integer NOT NULL,
  author_id integer NOT NULL REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED,
  category_id integer REFERENCES blog_category (id) DEFERRABLE INITIALLY DEFERRED,
  published_at datetime, created datetime NOT NULL, modified datetime NOT NULL
);
CREATE TABLE blog_post_tags (
  id integer NOT NULL PRIMARY KEY AUTOINCREMENT, post_id bigint NOT NULL REFERENCES blog_post (id) DEFERRABLE INITIALLY DEFERRED,
  tag_id bigint NOT NULL REFERENCES blog_tag (id) DEFERRABLE INITIALLY DEFERRED
);
CREATE UNIQUE INDEX blog_post_tags_post_id_tag_id_uniq ON blog_post_tags (post_id, tag_id);
CREATE INDEX blog_post_author_id ON blog_post (author_id);
CREATE TABLE blog_comment (
  id integer NOT NULL PRIMARY KEY AUTOINCREMENT, post_id bigint NOT NULL REFERENCES blog_post (id) DEFERRABLE INITIALLY DEFERRED,
  name varchar(80) NOT NULL, email varchar(254) NOT NULL, body text NOT NULL, approved bool NOT NULL, author_ip char(39), created datetime NOT NULL
);

INSERT INTO django_migrations (app, name, applied) VALUES ('blog', '0001_initial', '2026-01-01 08:00:00.000000');
INSERT INTO django_session VALUES ('q3hj5k2l9d8s7f6g5h4j3k2l1m0n9b8v', 'eyJ1c2VyIjogMX0:secret', '2027-01-01 08:00:00.000000');
INSERT INTO auth_user (password, username, first_name, last_name, email, is_staff, date_joined) VALUES
  ('pbkdf2_sha256$1$invented$x=', 'layla', 'Layla', 'Haddad', 'layla@example.com', 1, '2026-01-01 08:00:00.000000'),
  ('pbkdf2_sha256$1$invented$y=', 'jonas', 'Jonas', 'Lindqvist', 'jonas@example.com', 0, '2026-01-02 08:00:00.000000');
INSERT INTO blog_category (name, slug) VALUES ('Gardening', 'gardening'), ('Cooking', 'cooking'), ('Walks', 'walks');
INSERT INTO blog_tag (name, slug) VALUES ('olives', 'olives'), ('bread', 'bread'), ('autumn', 'autumn'), ('hills', 'hills'), ('tools', 'tools'), ('children', 'children');
INSERT INTO blog_post (title, slug, summary, body, status, preview_token, cover_image, reading_minutes, author_id, category_id, published_at, created, modified)
  WITH RECURSIVE i (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM i WHERE n < 59),
  a (n, v) AS (SELECT key, value FROM json_each('["How to prune","Baking with","A walk past","Notes on","In praise of","Trouble with","What I learnt about","Ten years of"]')),
  b (n, v) AS (SELECT key, value FROM json_each('["old olive trees","sourdough","the northern hills","a kitchen garden","copper pans","the autumn rain","stone terraces"]')),
  c (n, v) AS (SELECT key, value FROM json_each('["The first thing that my grandmother taught me was to wait.","Nobody needs an expensive tool for this.","It rained for a week, and then the sun came out over the valley.","We carried the baskets home and were tired and content.","If you have only one hour, spend it on the edges."]'))
  SELECT a.v || ' ' || b.v || CASE WHEN i.n > 55 THEN ', again' ELSE '' END, 'post-' || i.n, c.v, '<h2>' || a.v || '</h2><p>' || c.v || '</p><p>' || (SELECT v FROM c AS d WHERE d.n = (i.n + 2) % 5) || '</p>',
         CASE WHEN i.n % 6 = 5 THEN 'draft' ELSE 'published' END, CASE WHEN i.n % 6 = 5 THEN 'f00d' || i.n END, 'covers/' || i.n || '.jpg', i.n % 9 + 2,
         i.n % 2 + 1, i.n % 3 + 1, CASE WHEN i.n % 6 = 5 THEN NULL ELSE datetime('2026-01-05 09:00:00', i.n || ' days') END,
         datetime('2026-01-04 09:00:00', i.n || ' days'), datetime('2026-01-05 10:30:00', i.n || ' days') || '.123456'
  FROM i JOIN a ON a.n = i.n % 8 JOIN b ON b.n = i.n % 7 JOIN c ON c.n = i.n % 5;
INSERT INTO blog_post_tags (post_id, tag_id) SELECT id, id % 6 + 1 FROM blog_post UNION SELECT id, (id * 2) % 6 + 1 FROM blog_post WHERE id % 2 = 0;
INSERT INTO blog_comment (post_id, name, email, body, approved, author_ip, created)
  SELECT id, 'Reader ' || id, 'reader' || id || '@example.com', 'Thank you, I will try this with my own trees next year.', id % 4 <> 0, '192.0.2.' || id, '2026-04-01 10:00:00' FROM blog_post WHERE id % 2 = 0;
