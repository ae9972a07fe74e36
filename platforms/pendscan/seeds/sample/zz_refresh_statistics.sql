-- The statistics were computed when there was nothing yet. Last by its name, so that everything is there; runs once.
SELECT refresh_statistics();
