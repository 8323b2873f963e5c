-- Whose turn a line is of, as sessions know it: so a session's page shows why a call failed, and what is deleted of a person includes what
-- the plugin said of them. Null: of no turn, or from before this was noted. Without an index: a flow has 10,000 lines.
alter table plugin_log_lines add column token_hash bytea;
