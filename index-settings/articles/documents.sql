-- One row is one document.
--
-- Title and excerpt stay as the row has them: the application shows them from the index, unescaped. The body is
-- only searched, so it goes in as readable text, with the forms of its Arabic words behind it. An article whose author is
-- missing is still an article.
SELECT
  articles.id AS id,
  articles.title AS title,
  articles.excerpt AS excerpt,
  articles.body AS "body:html_arabic",
  articles.author_id AS author_id,
  COALESCE(authors.name, 'Unknown') AS author_name,
  articles.category AS category,
  articles.tags AS "tags:list",
  articles.source_id AS source_id,
  articles.source_url AS source_url,
  articles.article_image AS article_image,
  articles.publish_date AS "published_at:unix",
  articles.created_at AS "created_at:unix",
  articles.updated_at AS "updated_at:unix"
FROM articles
LEFT JOIN authors ON authors.id = articles.author_id
