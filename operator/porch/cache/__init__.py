"""Where drafts and projections live: the cache protocol and its adapters."""
