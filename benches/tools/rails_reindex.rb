# What a Rails application with meilisearch-rails does for `Article.reindex!`, with the same documents.
#
# usage: rails_reindex.rb DATABASE URL. It stands beside the program in the benchmark, and needs the gems activerecord,
# sqlite3, meilisearch and meilisearch-rails.
require "cgi"
require "active_record"
require "meilisearch"

# The gem asks Rails for no more than this.
module Rails
  def self.env = "production"
  def self.logger = nil
end
require "meilisearch-rails"

database, url = ARGV
Meilisearch::Rails.configuration = { meilisearch_url: url, meilisearch_api_key: ENV["MEILISEARCH_API_KEY"], timeout: 600 }
ActiveRecord::Base.establish_connection(adapter: "sqlite3", database: database)

class Author < ActiveRecord::Base; end

class Article < ActiveRecord::Base
  include Meilisearch::Rails
  belongs_to :author, optional: true
  scope :meilisearch_import, -> { includes(:author) }

  # As the index already is, settings included: only the documents are to be compared.
  meilisearch index_uid: "articles", check_settings: false do
    attribute :title, :excerpt, :author_id, :category, :source_id, :source_url, :article_image
    attribute(:body) { CGI.unescapeHTML(body.to_s.gsub(/<[^>]*>/, " ")) }
    attribute(:author_name) { author&.name || "Unknown" }
    attribute(:tags) { tags.to_s.split(",").map(&:strip).reject(&:empty?) }
    attribute(:published_at) { publish_date&.to_time(:utc)&.to_i }
    attribute(:created_at) { created_at.to_i }
    attribute(:updated_at) { updated_at.to_i }
  end
end

Article.reindex!
