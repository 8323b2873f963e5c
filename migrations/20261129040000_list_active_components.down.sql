drop function active_components;
