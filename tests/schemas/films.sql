-- A shop that lends films, in the schema of an old tutorial: snake_case, last_update everywhere, lists in a text. All is invented.
CREATE TABLE actor (actor_id INTEGER PRIMARY KEY, first_name VARCHAR(45) NOT NULL, last_name VARCHAR(45) NOT NULL, last_update TIMESTAMP NOT NULL);
CREATE TABLE language (language_id INTEGER PRIMARY KEY, name CHAR(20) NOT NULL, last_update TIMESTAMP NOT NULL);
CREATE TABLE category (category_id INTEGER PRIMARY KEY, name VARCHAR(25) NOT NULL, last_update TIMESTAMP NOT NULL);
CREATE TABLE film (
  film_id INTEGER PRIMARY KEY, title VARCHAR(255) NOT NULL, description BLOB SUB_TYPE TEXT, release_year VARCHAR(4), language_id INTEGER NOT NULL REFERENCES language (language_id),
  original_language_id INTEGER REFERENCES language (language_id), rental_duration SMALLINT NOT NULL, rental_rate DECIMAL(4,2) NOT NULL, length SMALLINT, replacement_cost DECIMAL(5,2) NOT NULL, rating VARCHAR(10), special_features VARCHAR(100), last_update TIMESTAMP NOT NULL
);
CREATE TABLE film_actor (actor_id INTEGER NOT NULL REFERENCES actor (actor_id), film_id INTEGER NOT NULL REFERENCES film (film_id), last_update TIMESTAMP NOT NULL, PRIMARY KEY (actor_id, film_id));
CREATE TABLE film_category (film_id INTEGER NOT NULL REFERENCES film (film_id), category_id INTEGER NOT NULL REFERENCES category (category_id), last_update TIMESTAMP NOT NULL, PRIMARY KEY (film_id, category_id));
CREATE TABLE country (country_id INTEGER PRIMARY KEY, country VARCHAR(50) NOT NULL, last_update TIMESTAMP);
CREATE TABLE city (city_id INTEGER PRIMARY KEY, city VARCHAR(50) NOT NULL, country_id INTEGER NOT NULL REFERENCES country (country_id), last_update TIMESTAMP NOT NULL);
CREATE TABLE address (address_id INTEGER PRIMARY KEY, address VARCHAR(50) NOT NULL, district VARCHAR(20) NOT NULL, city_id INTEGER NOT NULL REFERENCES city (city_id), postal_code VARCHAR(10), phone VARCHAR(20) NOT NULL, last_update TIMESTAMP NOT NULL);
CREATE TABLE staff (staff_id INTEGER PRIMARY KEY, first_name VARCHAR(45) NOT NULL, last_name VARCHAR(45) NOT NULL, email VARCHAR(50), username VARCHAR(16) NOT NULL, password VARCHAR(40), last_update TIMESTAMP NOT NULL);
CREATE TABLE customer (customer_id INTEGER PRIMARY KEY, first_name VARCHAR(45) NOT NULL, last_name VARCHAR(45) NOT NULL, email VARCHAR(50), address_id INTEGER NOT NULL REFERENCES address (address_id), active CHAR(1) NOT NULL, create_date TIMESTAMP NOT NULL, last_update TIMESTAMP NOT NULL);
CREATE TABLE inventory (inventory_id INTEGER PRIMARY KEY, film_id INTEGER NOT NULL REFERENCES film (film_id), last_update TIMESTAMP NOT NULL);
CREATE TABLE rental (rental_id INTEGER PRIMARY KEY, rental_date TIMESTAMP NOT NULL, inventory_id INTEGER NOT NULL REFERENCES inventory (inventory_id), customer_id INTEGER NOT NULL REFERENCES customer (customer_id), return_date TIMESTAMP, last_update TIMESTAMP NOT NULL);
CREATE TABLE payment (payment_id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customer (customer_id), rental_id INTEGER REFERENCES rental (rental_id), amount DECIMAL(5,2) NOT NULL, payment_date TIMESTAMP NOT NULL, last_update TIMESTAMP NOT NULL);
CREATE VIEW customer_list AS SELECT c.customer_id AS ID, c.first_name || ' ' || c.last_name AS name FROM customer c;

INSERT INTO language SELECT key + 1, value, '2026-02-15 05:02:19' FROM json_each('["English","Arabic","Norwegian"]');
INSERT INTO category SELECT key + 1, value, '2026-02-15 04:46:27' FROM json_each('["Drama","Comedy","Documentary","Family"]');
INSERT INTO country SELECT key + 1, value, '2026-02-15 04:44:00' FROM json_each('["Palestine","Norway"]');
INSERT INTO city SELECT key + 1, value, key % 2 + 1, '2026-02-15 04:45:25' FROM json_each('["Haifa","Bergen","Nablus","Oslo"]');
INSERT INTO actor
  WITH RECURSIVE i (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM i WHERE n < 59), f (n, v) AS (SELECT key, value FROM json_each('["LAYLA","OMAR","MIRA","JONAS","SALMA","ELIAS","NOUR","CLARA"]')), l (n, v) AS (SELECT key, value FROM json_each('["HADDAD","NASSER","MOREAU","BAKER","SABBAGH","OKAFOR","ROSSI"]'))
  SELECT n + 1, (SELECT v FROM f WHERE f.n = i.n % 8), (SELECT v FROM l WHERE l.n = i.n % 7), '2026-02-15 04:34:33' FROM i;
INSERT INTO film
  WITH RECURSIVE i (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM i WHERE n < 199), a (n, v) AS (SELECT key, value FROM json_each('["ACADEMY","HARBOUR","LANTERN","MIRROR","PAPER","SALT","WINTER","ORCHARD"]')), b (n, v) AS (SELECT key, value FROM json_each('["DINOSAUR","WINDOW","BRIDGE","TRAIN","LETTER","GHOST","KITCHEN"]')),
  d (n, v) AS (SELECT key, value FROM json_each('["A quiet story of a baker and a teacher who must find a lost letter in the old harbour","An unlikely tale of two sisters who cross a mountain to sell their last olive oil","A thoughtful portrait of a lighthouse and the family that leaves it behind"]'))
  SELECT n + 1, (SELECT v FROM a WHERE a.n = i.n % 8) || ' ' || (SELECT v FROM b WHERE b.n = i.n % 7), (SELECT v FROM d WHERE d.n = i.n % 3), 2000 + n % 20, n % 3 + 1, NULL, n % 5 + 3, 0.99 + n % 4, 46 + n % 130, 9.99 + n % 20, CASE n % 4 WHEN 0 THEN 'PG' WHEN 1 THEN 'G' WHEN 2 THEN 'R' ELSE 'PG-13' END,
         CASE n % 3 WHEN 0 THEN 'Trailers,Deleted Scenes' WHEN 1 THEN 'Commentaries' ELSE 'Trailers' END, '2026-02-15 05:03:42' FROM i;
INSERT INTO film_actor SELECT DISTINCT (film_id * 7) % 60 + 1, film_id, '2026-02-15 05:05:03' FROM film UNION SELECT (film_id * 11) % 60 + 1, film_id, '2026-02-15 05:05:03' FROM film;
INSERT INTO film_category SELECT film_id, film_id % 4 + 1, '2026-02-15 05:07:09' FROM film;
INSERT INTO address WITH RECURSIVE i (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM i WHERE n < 39) SELECT n + 1, n || ' Sea Street', 'District ' || n % 3, n % 4 + 1, 10000 + n, '14033335568', '2026-02-15 04:45:30' FROM i;
INSERT INTO staff VALUES (1, 'Mira', 'Baker', 'mira@example.com', 'mira', '8cb2237d0679ca88db6464eac60da96345513964', '2026-02-15 03:57:16');
INSERT INTO customer SELECT address_id, (SELECT first_name FROM actor WHERE actor_id = address_id), (SELECT last_name FROM actor WHERE actor_id = address_id * 3 % 60 + 1), 'c' || address_id || '@example.com', address_id, CASE WHEN address_id % 10 = 0 THEN '0' ELSE '1' END, '2026-02-14 22:04:36', '2026-02-15 04:57:20' FROM address;
INSERT INTO inventory SELECT film_id, film_id, '2026-02-15 05:09:17' FROM film;
INSERT INTO rental SELECT inventory_id, '2026-05-24 22:53:30', inventory_id, inventory_id % 40 + 1, '2026-05-26 22:04:30', '2026-02-15 21:30:53' FROM inventory;
INSERT INTO payment SELECT rental_id, customer_id, rental_id, 2.99, '2026-05-25 11:30:37', '2026-02-15 22:12:30' FROM rental;
