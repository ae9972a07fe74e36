-- check: What ended is marked and cleaned up
-- expect: empty
-- severity: warning
-- description: Checks whose term is over are marked as expired within a day, dead tokens gone after 30 days (KYB-10)
-- remedy: run the clean-up of README.md
SELECT count(*) || ' checks passed and have expired since ' || min(expires_at) AS finding
  FROM public.compliance_checks
 WHERE status = 'passed' AND expires_at IS NOT NULL AND expires_at < now() - interval '1 day' HAVING count(*) > 0
UNION ALL
SELECT count(*) || ' dead email_verification_tokens' FROM public.email_verification_tokens
 WHERE expires_at < now() - interval '30 days' HAVING count(*) > 0
UNION ALL
SELECT count(*) || ' dead password_reset_tokens' FROM public.password_reset_tokens
 WHERE expires_at < now() - interval '30 days' HAVING count(*) > 0
UNION ALL
SELECT count(*) || ' dead token_blacklist entries' FROM public.token_blacklist
 WHERE expires_at < now() - interval '30 days' HAVING count(*) > 0
