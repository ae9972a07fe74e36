-- check: States and ranges
-- expect: empty
-- severity: error
-- description: The constraints that keep states known and numbers in range are there and hold for every row (BO1-1)
-- remedy: caisson migrate; ALTER TABLE … VALIDATE CONSTRAINT
WITH expected (relation, names) AS (VALUES
    ('users', 'users_email_form, users_auth_provider_form, users_subscription_tier_known'),
    ('personas',
     'personas_code_form, personas_name_given, personas_expertise_given, personas_system_prompt_given'),
    ('sessions',
     'sessions_problem_statement_given, sessions_status_known, sessions_phase_known, sessions_total_cost_range, '
     'sessions_round_number_range'),
    ('contributions',
     'contributions_content_given, contributions_round_number_range, contributions_phase_known, '
     'contributions_cost_range, contributions_tokens_range'),
    ('votes', 'votes_vote_choice_known, votes_reasoning_given, votes_confidence_range'),
    ('audit_log', 'audit_log_action_form, audit_log_resource_type_given, audit_log_details_object')
), wanted AS (
    SELECT relation, name FROM expected CROSS JOIN LATERAL unnest(string_to_array(names, ', ')) AS name
), present AS (
    SELECT c.relname::text AS relation, k.conname::text AS name,
           -- PostgreSQL 18 knows constraints that are not enforced; before it the column is not there.
           k.convalidated AND coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true) AS holds
      FROM pg_catalog.pg_constraint k
      JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
     WHERE c.relnamespace = 'public'::regnamespace AND k.contype = 'c'
)
SELECT 'constraint ' || name || ' of ' || relation || CASE WHEN holds THEN '' ELSE ' does not hold for every row' END
       || CASE WHEN holds IS NULL THEN ' is missing' ELSE '' END AS finding
  FROM wanted LEFT JOIN present USING (relation, name)
 WHERE holds IS NOT TRUE
