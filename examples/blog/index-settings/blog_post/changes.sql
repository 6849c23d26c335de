SELECT blog_post.id AS id, blog_post.modified AS changed_at
FROM blog_post
WHERE blog_post.modified >= :since
