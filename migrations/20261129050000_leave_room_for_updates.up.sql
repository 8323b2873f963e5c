-- A session is updated with each of its exchanges, and no index has what changes. Where a page has room for one more row, the new version
-- stays on it, the next one takes the place of the last but one, and no index is touched (PERFORMANCE.md has how many do).
alter table sessions set (fillfactor = 75);
