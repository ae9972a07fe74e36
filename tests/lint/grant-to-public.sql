--- fires 1:32
grant select on t to auditors, public;
--- fine
grant select on t to auditor;
--- fine
revoke all on t from public;
