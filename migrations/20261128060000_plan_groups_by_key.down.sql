alter function find_turns reset enable_material;
alter function find_turns reset enable_bitmapscan;
alter function commit_turns reset enable_material;
alter function commit_turns reset enable_bitmapscan;
