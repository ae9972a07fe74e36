-- Takes away what 003_kyc.sql made, and everything in it.
DROP FUNCTION set_kyc_status(uuid[], kyc_status, text);
DROP TABLE kyc_documents;
DROP TYPE document_status;
DROP TYPE document_type;
DROP TABLE kyc_applications;
DROP FUNCTION kyc_status_follows();
DROP TYPE kyc_level;
DROP TYPE kyc_status;
