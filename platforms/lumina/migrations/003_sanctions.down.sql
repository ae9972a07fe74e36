-- Takes away the lists and what compares with them. By name, not CASCADE: what others added here stops the way back.
DROP VIEW sanctions.aml_matches;
DROP FUNCTION sanctions.match(text);
DROP TABLE sanctions.wallets;
DROP FUNCTION sanctions.normal_address(text);
DROP SCHEMA sanctions;
