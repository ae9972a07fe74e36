--- fires 1:1
alter domain d add constraint c check (value <> '');
--- fine
alter domain d add constraint c check (value <> '') not valid;
--- fine
alter domain d drop constraint c;
