-- Takes away the catalogue.
DROP TABLE control_mappings;
DROP TABLE controls;
DROP TABLE framework_domains;
DROP TABLE frameworks;
DROP TABLE authorities;
