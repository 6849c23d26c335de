-- One row is one document. Written by `bisan-indexer init`: edit it as you like.
-- left out: preview_token (a secret)
-- a change in auth_user, blog_category, blog_post_tags, blog_tag alone is found by comparing only: nothing there tells when
SELECT
  blog_post.id AS id, -- the key
  blog_post.title AS title, -- what a row is called: searched, sorted
  blog_post.slug AS slug, -- found as a whole: an address, a number, a code: only shown
  blog_post.summary AS summary, -- a text: searched
  blog_post.body AS "body:html", -- a text: searched
  blog_post.status AS status, -- few different values: filtered
  blog_post.cover_image AS cover_image, -- found as a whole: an address, a number, a code: only shown
  blog_post.reading_minutes AS reading_minutes, -- a number: filtered, sorted
  blog_post.author_id AS author_id, -- a row of another table: filtered
  blog_post.category_id AS category_id, -- a row of another table: filtered
  blog_post.published_at AS "published_at:unix", -- a time: filtered, sorted
  blog_post.created AS "created:unix", -- a time: filtered, sorted
  blog_post.modified AS "modified:unix", -- a time: filtered, sorted
  TRIM(COALESCE(author.first_name, '') || ' ' || COALESCE(author.last_name, '')) AS author_name, -- the name of a row of auth_user: searched, filtered
  category.name AS category_name, -- the name of a row of blog_category: searched, filtered
  (SELECT json_group_array(blog_tag.name ORDER BY blog_tag.name) FROM blog_post_tags JOIN blog_tag ON blog_tag.id = blog_post_tags.tag_id WHERE blog_post_tags.post_id = blog_post.id) AS "tags:json" -- the names of all rows of blog_tag that blog_post_tags joins: searched, filtered
FROM blog_post
LEFT JOIN auth_user AS author ON author.id = blog_post.author_id
LEFT JOIN blog_category AS category ON category.id = blog_post.category_id
WHERE true
  AND blog_post.status = 'published' -- drafts stay out
