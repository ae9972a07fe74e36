-- Takes away what 002_assets.sql made, and everything in it.
DROP TABLE investments;
DROP TABLE asset_metrics;
DROP TABLE assets;
DROP FUNCTION touch_asset();
DROP TYPE asset_status;
DROP TYPE asset_type;
DROP TABLE asset_categories;
