-- The way back of `init`. Prisma does not look at this file; `caisson migrate down` and `prove` do.
DROP TABLE organisation_frameworks;
DROP TABLE organisation_members;
DROP TABLE organisations;
DROP TYPE sector;
