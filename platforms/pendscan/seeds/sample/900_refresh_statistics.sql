-- The statistics were computed when there was nothing yet. Runs once; later refreshes are somebody else's.
SELECT refresh_statistics();
