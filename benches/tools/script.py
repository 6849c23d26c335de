"""A script as it is often written: a thousand documents of JSON at a time, each waited for.

usage: script.py DATABASE URL. It stands beside the program in the benchmark, with the same documents.
"""
import html
import json
import os
import re
import sqlite3
import sys
import time
import urllib.request
from datetime import datetime, timezone

DATABASE, URL = sys.argv[1:]
BATCH = 1000
BLOCKS = re.compile(r"<[^>]*>")


def ask(method, path, body=None):
    request = urllib.request.Request(URL + path, method=method, data=body and json.dumps(body).encode())
    request.add_header("Content-Type", "application/json")
    if os.environ.get("MEILISEARCH_API_KEY"):
        request.add_header("Authorization", "Bearer " + os.environ["MEILISEARCH_API_KEY"])
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def wait(task):
    while True:
        status = ask("GET", f"/tasks/{task['taskUid']}")["status"]
        if status in ("succeeded", "failed"):
            return
        time.sleep(0.05)


def unix(text):
    if text is None:
        return None
    return int(datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp())


def document(row):
    document = dict(row)
    document["body"] = html.unescape(BLOCKS.sub(" ", row["body"] or ""))
    document["tags"] = [tag.strip() for tag in (row["tags"] or "").split(",") if tag.strip()]
    document["published_at"] = unix(document.pop("publish_date"))
    document["created_at"] = unix(row["created_at"])
    document["updated_at"] = unix(row["updated_at"])
    return document


database = sqlite3.connect(DATABASE)
database.row_factory = sqlite3.Row
rows = database.execute(
    """SELECT articles.id, title, excerpt, body, author_id, COALESCE(authors.name, 'Unknown') AS author_name, category,
              tags, source_id, source_url, article_image, publish_date, articles.created_at, articles.updated_at
       FROM articles LEFT JOIN authors ON authors.id = articles.author_id"""
)
while batch := rows.fetchmany(BATCH):
    wait(ask("POST", "/indexes/articles/documents", [document(row) for row in batch]))
