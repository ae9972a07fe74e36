--- fires 1:1
create domain d as text check (value <> '');
--- fires 1:1
create domain d as text not null;
--- fine
create domain d as text;
--- fine
create domain d as text default 'a';
