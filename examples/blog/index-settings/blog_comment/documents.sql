-- One row is one document. Written by `bisan-indexer init`: edit it as you like.
-- left out: author_ip (where somebody was)
-- of persons: email; take these lines out unless whoever searches may read them
-- no column tells when a row changed: sync compares all 30 documents; `bisan-indexer triggers` prints a change log that finds each change
SELECT
  blog_comment.id AS id, -- the key
  blog_comment.post_id AS post_id, -- a row of another table: filtered
  blog_comment.name AS name, -- what a row is called: searched, sorted
  blog_comment.email AS email, -- found as a whole: an address, a number, a code: only shown
  blog_comment.body AS body, -- a text: searched
  blog_comment.approved AS "approved:bool", -- true or false: filtered
  blog_comment.created AS "created:unix", -- a time: filtered, sorted
  post.title AS post_name, -- the name of a row of blog_post: searched, filtered
  category.name AS category_name -- the name of a row of blog_category: searched, filtered
FROM blog_comment
LEFT JOIN blog_post AS post ON post.id = blog_comment.post_id
LEFT JOIN blog_category AS category ON category.id = post.category_id
