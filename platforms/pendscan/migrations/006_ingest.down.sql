-- Takes the functions away; what they took in stays.
DROP FUNCTION rewind_chain(bigint);
DROP FUNCTION ingest_block(jsonb, jsonb);
DROP FUNCTION hex_bytes(text);
DROP FUNCTION hex_number(text);
