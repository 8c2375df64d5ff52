//! The digest: a summary of a day or a week, on its own crontab line; and the sign of life.
