-- One row is one document.
--
-- articles_count is left out: imports set it by SQL without touching updated_at, so a follower would never see it move.
SELECT
  authors.id AS id,
  authors.name AS name,
  authors.bio AS bio,
  authors.avatar_url AS avatar_url,
  authors.social_links AS "social_links:json",
  authors.created_at AS "created_at:unix",
  authors.updated_at AS "updated_at:unix"
FROM authors
