-- check: Votes come from those who sat on the board
-- expect: empty
-- severity: error
-- description: Whoever votes in a session has contributed to it; a completed session was voted on
-- remedy: caisson seed; in a session of a user, the application let somebody vote who was not there
SELECT v.persona_code || ' voted in session ' || v.session_id || ' without having said a word' AS finding
  FROM public.votes v
 WHERE NOT EXISTS (SELECT FROM public.contributions c
                    WHERE c.session_id = v.session_id AND c.persona_code = v.persona_code)
UNION ALL
SELECT 'session ' || s.id || ' is completed without a vote' FROM public.sessions s
 WHERE s.status = 'completed' AND NOT EXISTS (SELECT FROM public.votes v WHERE v.session_id = s.id)
