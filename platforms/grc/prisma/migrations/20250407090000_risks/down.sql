-- The way back of `risks`.
DROP TABLE risk_treatments;
DROP TABLE risks;
DROP TYPE treatment_strategy;
DROP TYPE risk_status;
