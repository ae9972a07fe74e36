-- Takes away what 003_kyc.sql made, and everything in it.
DROP FUNCTION set_kyc_status(uuid[], text, text);
DROP TABLE kyc_documents;
DROP TABLE kyc_applications;
DROP FUNCTION kyc_status_follows();
