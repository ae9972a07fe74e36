-- check: Seeds for each jurisdiction
-- expect: empty
-- severity: error
-- description: Nine KYC and AML checks, three for AE, IN and US each; decisions, rules, 587 sanctioned wallets (LUM-4)
-- remedy: caisson seed
WITH named (entity_id, jurisdiction) AS (VALUES
    ('ae-ind-clean-001', 'AE'), ('ae-corp-pending-002', 'AE'), ('ae-ind-flagged-003', 'AE'),
    ('in-ind-accredited-001', 'IN'), ('in-corp-pep-002', 'IN'), ('in-ind-rejected-003', 'IN'),
    ('us-corp-accredited-001', 'US'), ('us-ind-standard-002', 'US'), ('us-fund-pending-003', 'US')
), jurisdiction (code) AS (VALUES
    ('AE'), ('IN'), ('US')
), list (source) AS (VALUES
    ('ETH'), ('XBT')
), counted (what, found, expected, sample) AS (
    SELECT 'KYC checks in ' || j.code, count(DISTINCT k.entity_id), 3, true
      FROM jurisdiction j LEFT JOIN named n ON n.jurisdiction = j.code
      LEFT JOIN public.kyc_checks k USING (entity_id, jurisdiction) GROUP BY j.code
    UNION ALL
    SELECT 'AML checks in ' || j.code, count(DISTINCT a.entity_id), 3, true
      FROM jurisdiction j LEFT JOIN named n ON n.jurisdiction = j.code
      LEFT JOIN public.aml_checks a USING (entity_id, jurisdiction) GROUP BY j.code
    UNION ALL
    SELECT 'compliance checks', count(*), 4, true FROM public.compliance_checks
    UNION ALL
    SELECT 'active rules about ' || c.category || ' in ' || j.code, count(r.code), 1, false
      FROM jurisdiction j CROSS JOIN (VALUES ('identity'), ('accreditation'), ('sanctions')) AS c (category)
      LEFT JOIN public.compliance_rules r ON r.jurisdiction = j.code AND r.category = c.category AND r.is_active
     GROUP BY j.code, c.category
    UNION ALL
    SELECT 'sanctioned wallets from ' || l.source, count(w.address), 1, false
      FROM list l LEFT JOIN sanctions.wallets w USING (source) GROUP BY l.source
    UNION ALL  -- OFAC's lists overlap: a wallet that stands in several has one of them as its source.
    SELECT 'sanctioned wallets, each once', count(DISTINCT sanctions.normal_address(address)),
           greatest(count(*), 587), false FROM sanctions.wallets
)
-- What is more than the seeds is somebody's work. A session that seeds no sample data says so (set
-- caisson.sample_seeds = off): a protected environment.
SELECT what || ': ' || found || ', expected ' || expected || ' or more' AS finding
  FROM counted
 WHERE found < expected
   AND (NOT sample OR coalesce(current_setting('caisson.sample_seeds', true), '') <> 'off')
