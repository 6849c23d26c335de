-- A shop as Laravel keeps it: the framework's own tables with what is secret in them, soft deletes, prices, reviews. All is invented.
CREATE TABLE migrations (id integer primary key autoincrement not null, migration varchar not null, batch integer not null);
CREATE TABLE users (id integer primary key autoincrement not null, name varchar not null, email varchar not null, email_verified_at datetime, password varchar not null, remember_token varchar, created_at datetime, updated_at datetime);
CREATE TABLE password_reset_tokens (email varchar not null, token varchar not null, created_at datetime, primary key (email));
CREATE TABLE sessions (id varchar not null, user_id integer, ip_address varchar, user_agent text, payload text not null, last_activity integer not null, primary key (id));
CREATE TABLE cache (key varchar not null, value text not null, expiration integer not null, primary key (key));
CREATE TABLE jobs (id integer primary key autoincrement not null, queue varchar not null, payload text not null, attempts integer not null, reserved_at integer, available_at integer not null, created_at integer not null);
CREATE TABLE failed_jobs (id integer primary key autoincrement not null, uuid varchar not null, payload text not null, exception text not null, failed_at datetime not null);
CREATE TABLE personal_access_tokens (id integer primary key autoincrement not null, name varchar not null, token varchar not null, abilities text, last_used_at datetime);
CREATE TABLE oauth_access_tokens (id varchar not null primary key, name varchar, scopes text);
CREATE TABLE telescope_entries (sequence integer primary key autoincrement not null, uuid varchar not null, content text not null);
CREATE TABLE brands (id integer primary key autoincrement not null, name varchar not null, created_at datetime, updated_at datetime);
CREATE TABLE categories (id integer primary key autoincrement not null, name varchar not null, slug varchar not null, created_at datetime, updated_at datetime);
CREATE TABLE products (
  id integer primary key autoincrement not null, name varchar not null, slug varchar not null, sku varchar not null, description text, price numeric not null, stock integer not null default 0,
  is_active tinyint(1) not null default 1, brand_id integer not null, image_url varchar, attributes text, supplier_iban varchar, created_at datetime, updated_at datetime, deleted_at datetime,
  foreign key (brand_id) references brands (id)
);
CREATE TABLE category_product (category_id integer not null, product_id integer not null, foreign key (category_id) references categories (id), foreign key (product_id) references products (id), primary key (category_id, product_id));
CREATE TABLE reviews (id integer primary key autoincrement not null, product_id integer not null, user_id integer not null, rating integer not null, title varchar, body text, created_at datetime, updated_at datetime, foreign key (product_id) references products (id), foreign key (user_id) references users (id));
CREATE TABLE orders (id integer primary key autoincrement not null, user_id integer not null, status varchar not null, total numeric not null, created_at datetime, updated_at datetime, foreign key (user_id) references users (id));
CREATE TABLE order_items (id integer primary key autoincrement not null, order_id integer not null, product_id integer not null, quantity integer not null, price numeric not null, foreign key (order_id) references orders (id), foreign key (product_id) references products (id));

INSERT INTO migrations (migration, batch) VALUES ('0001_01_01_000000_create_users_table', 1);
INSERT INTO users (name, email, password, remember_token, created_at, updated_at) VALUES ('Layla Haddad', 'layla@example.com', '$2y$12$invented', 'r3m3mb3r', '2026-01-01 08:00:00', '2026-01-01 08:00:00'), ('Jonas Lindqvist', 'jonas@example.com', '$2y$12$invented', NULL, '2026-01-01 08:00:00', '2026-01-01 08:00:00');
INSERT INTO password_reset_tokens VALUES ('layla@example.com', 's3cr3t-r3s3t', '2026-01-01 08:00:00');
INSERT INTO sessions VALUES ('s3cr3t-s3ss10n', 1, '192.0.2.1', 'Browser', 'payload', 1767225600);
INSERT INTO cache VALUES ('secret-key', 'value', 1767225600);
INSERT INTO jobs (queue, payload, attempts, available_at, created_at) VALUES ('default', '{}', 0, 1767225600, 1767225600);
INSERT INTO personal_access_tokens (name, token) VALUES ('phone', 's3cr3t-t0k3n');
INSERT INTO brands (name, created_at, updated_at) VALUES ('Old Press', '2026-01-01 08:00:00', '2026-01-01 08:00:00'), ('Green Terrace', '2026-01-01 08:00:00', '2026-01-01 08:00:00');
INSERT INTO categories (name, slug, created_at, updated_at) VALUES ('Oils', 'oils', '2026-01-01 08:00:00', '2026-01-01 08:00:00'), ('Gifts', 'gifts', '2026-01-01 08:00:00', '2026-01-01 08:00:00'), ('Soaps', 'soaps', '2026-01-01 08:00:00', '2026-01-01 08:00:00');
INSERT INTO products (name, slug, sku, description, price, stock, is_active, brand_id, image_url, attributes, supplier_iban, created_at, updated_at, deleted_at)
  WITH RECURSIVE i (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM i WHERE n < 79), a (n, v) AS (SELECT key, value FROM json_each('["Olive oil","Laurel soap","Gift box","Carob syrup","Ceramic bowl","Thyme mix"]')), b (n, v) AS (SELECT key, value FROM json_each('["large","small","classic","limited","family"]'))
  SELECT (SELECT v FROM a WHERE a.n = i.n % 6) || ', ' || (SELECT v FROM b WHERE b.n = i.n % 5), 'product-' || n, printf('SKU-%05d', n), '<p>Made by hand in a <b>small workshop</b>, and packed in paper that can be used again.</p>', round(3.5 + n * 1.25, 2), n * 7 % 50,
         n % 8 <> 7, n % 2 + 1, 'https://example.com/p/' || n || '.jpg', json_object('weight', n * 10, 'origin', 'Nablus'), 'PS92PALS00000000' || n, datetime('2026-01-02 08:00:00', n || ' hours'), datetime('2026-01-03 08:00:00', n || ' hours'), CASE WHEN n % 10 = 9 THEN '2026-03-01 08:00:00' END FROM i;
INSERT INTO category_product SELECT id % 3 + 1, id FROM products UNION SELECT 2, id FROM products WHERE id % 4 = 0;
INSERT INTO reviews (product_id, user_id, rating, title, body, created_at, updated_at) SELECT id, id % 2 + 1, id % 5 + 1, 'As described', 'It arrived in two days and smells wonderful, I will order it again for my family.', '2026-02-01 08:00:00', '2026-02-01 08:00:00' FROM products WHERE id % 2 = 0;
INSERT INTO orders (user_id, status, total, created_at, updated_at) SELECT id % 2 + 1, CASE id % 3 WHEN 0 THEN 'paid' WHEN 1 THEN 'pending' ELSE 'shipped' END, 20 + id, '2026-02-01 08:00:00', '2026-02-01 08:00:00' FROM products WHERE id <= 30;
INSERT INTO order_items (order_id, product_id, quantity, price) SELECT id, id, 1, 20 FROM orders;
