-- Takes away all personal data. By name, not CASCADE: what others added here stops the way back.
DROP FUNCTION pii.erase(uuid, text);
DROP FUNCTION pii.open_document(uuid, text);
DROP FUNCTION pii.reveal(uuid, text);
DROP FUNCTION pii.require_access(uuid);
DROP TABLE pii.access_log;
DROP TABLE pii.document_files;
DROP TABLE pii.phone_suffixes;
DROP TABLE pii.phone_prefixes;
DROP TABLE pii.people;
DROP SCHEMA pii;
