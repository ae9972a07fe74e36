-- caisson: description Authorities, frameworks, their controls, and how these correspond (GRC-5)
--
-- What the public documents say, the same for every organisation: no policies, and the application only reads it. Keys
-- are the documents' own numbers, so that people, files and the other databases name a control alike.

CREATE TABLE authorities (
    code    text PRIMARY KEY,
    name_en text NOT NULL,
    name_ar text,
    website text NOT NULL,
    CONSTRAINT authorities_code_form CHECK (code ~ '^[A-Z]+$'),
    CONSTRAINT authorities_name_ar_script CHECK (name_ar ~ '[ء-ي]'),
    CONSTRAINT authorities_website_form CHECK (website ~ '^https://')
);
COMMENT ON TABLE authorities IS 'Who issues frameworks and supervises those who are held to them.';
COMMENT ON COLUMN authorities.code IS 'Its usual abbreviation, such as NCA.';
COMMENT ON COLUMN authorities.name_en IS 'Its name in English.';
COMMENT ON COLUMN authorities.name_ar IS 'Its name in Arabic.';
COMMENT ON COLUMN authorities.website IS 'Where it publishes.';

CREATE TABLE frameworks (
    code           text PRIMARY KEY,
    authority_code text NOT NULL REFERENCES authorities (code) ON DELETE RESTRICT,
    kind           text NOT NULL,
    title_en       text NOT NULL,
    title_ar       text,
    edition        text NOT NULL,
    source         text NOT NULL,
    successor      text,
    control_count  bigint NOT NULL,
    has_maturity   boolean NOT NULL DEFAULT false,
    CONSTRAINT frameworks_code_form CHECK (code ~ '^[A-Z0-9]+(-[A-Z0-9.]+)*$'),
    CONSTRAINT frameworks_kind_known CHECK (kind IN ('controls', 'framework', 'law')),
    CONSTRAINT frameworks_title_ar_script CHECK (title_ar ~ '[ء-ي]'),
    CONSTRAINT frameworks_control_count_positive CHECK (control_count > 0)
);
COMMENT ON TABLE frameworks IS 'Sets of controls, frameworks and laws that organisations are held to.';
COMMENT ON COLUMN frameworks.code IS 'Stable name with its edition, such as NCA-ECC-1-2018.';
COMMENT ON COLUMN frameworks.authority_code IS 'Who issued it, or supervises it.';
COMMENT ON COLUMN frameworks.kind IS 'controls, framework or law.';
COMMENT ON COLUMN frameworks.title_en IS 'Title in English.';
COMMENT ON COLUMN frameworks.title_ar IS 'Title in Arabic.';
COMMENT ON COLUMN frameworks.edition IS 'The edition, as the document names it.';
COMMENT ON COLUMN frameworks.source IS 'Where it is written.';
COMMENT ON COLUMN frameworks.successor IS 'What replaced it, in words; empty while it is the newest.';
COMMENT ON COLUMN frameworks.control_count IS
    'How many controls (subdomains of SAMA''s framework, articles of a law) the document has; verification counts '
    'them.';
COMMENT ON COLUMN frameworks.has_maturity IS 'Whether it is assessed by maturity from 0 to 5, too.';

CREATE INDEX frameworks_authority_code_idx ON frameworks (authority_code);
COMMENT ON INDEX frameworks_authority_code_idx IS 'What an authority issued: WHERE authority_code = $1.';

CREATE TABLE framework_domains (
    framework_code text NOT NULL REFERENCES frameworks (code) ON DELETE CASCADE,
    code           text NOT NULL,
    parent_code    text,
    title_en       text NOT NULL,
    title_ar       text,
    position       bigint NOT NULL,
    PRIMARY KEY (framework_code, code),
    CONSTRAINT framework_domains_parent_fkey FOREIGN KEY (framework_code, parent_code)
        REFERENCES framework_domains (framework_code, code) ON DELETE CASCADE,
    CONSTRAINT framework_domains_position_once UNIQUE (framework_code, position),
    CONSTRAINT framework_domains_code_form CHECK (code ~ '^[0-9]+([-.][0-9]+)*$'),
    CONSTRAINT framework_domains_title_ar_script CHECK (title_ar ~ '[ء-ي]')
);
COMMENT ON TABLE framework_domains IS 'How a document divides its controls: domains, and subdomains below them.';
COMMENT ON COLUMN framework_domains.framework_code IS 'The document.';
COMMENT ON COLUMN framework_domains.code IS 'Its number there, such as 2 or 2-15.';
COMMENT ON COLUMN framework_domains.parent_code IS 'The domain it is part of; empty at the top.';
COMMENT ON COLUMN framework_domains.title_en IS 'Title in English.';
COMMENT ON COLUMN framework_domains.title_ar IS 'Title in Arabic.';
COMMENT ON COLUMN framework_domains.position IS 'Place in the document: 2-10 comes after 2-9.';

CREATE INDEX framework_domains_parent_idx ON framework_domains (framework_code, parent_code);
COMMENT ON INDEX framework_domains_parent_idx IS
    'Subdomains of a domain: WHERE framework_code = $1 AND parent_code = $2; the foreign key to itself.';

CREATE TABLE controls (
    framework_code text NOT NULL REFERENCES frameworks (code) ON DELETE CASCADE,
    code           text NOT NULL,
    domain_code    text,
    title_en       text NOT NULL,
    title_ar       text,
    is_assessable  boolean NOT NULL DEFAULT true,
    position       bigint NOT NULL,
    PRIMARY KEY (framework_code, code),
    CONSTRAINT controls_domain_fkey FOREIGN KEY (framework_code, domain_code)
        REFERENCES framework_domains (framework_code, code) ON DELETE RESTRICT,
    CONSTRAINT controls_position_once UNIQUE (framework_code, position),
    CONSTRAINT controls_code_form CHECK (code ~ '^[0-9]+([-.][0-9]+)*$'),
    CONSTRAINT controls_title_en_given CHECK (btrim(title_en) <> ''),
    CONSTRAINT controls_title_ar_script CHECK (title_ar ~ '[ء-ي]')
);
COMMENT ON TABLE controls IS
    'What is assessed: controls of ECC, subdomains of SAMA''s framework, articles of a law.';
COMMENT ON COLUMN controls.framework_code IS 'The document.';
COMMENT ON COLUMN controls.code IS 'Its number there: 1-3-1, 3.1.3, 12.';
COMMENT ON COLUMN controls.domain_code IS 'The (sub)domain it stands in; empty in a law that has no chapters.';
COMMENT ON COLUMN controls.title_en IS
    'One line. Where the document gives none it is ours (seeds/reference/compliance/NOTICE).';
COMMENT ON COLUMN controls.title_ar IS 'Title in Arabic.';
COMMENT ON COLUMN controls.is_assessable IS
    'False for what nobody can comply with: definitions, penalties, a repealed article.';
COMMENT ON COLUMN controls.position IS 'Place in the document.';

CREATE INDEX controls_domain_idx ON controls (framework_code, domain_code);
COMMENT ON INDEX controls_domain_idx IS
    'Controls of a subdomain: WHERE framework_code = $1 AND domain_code = $2; the foreign key to framework_domains.';

CREATE TABLE control_mappings (
    framework_code        text NOT NULL,
    control_code          text NOT NULL,
    target_framework_code text NOT NULL,
    target_control_code   text NOT NULL,
    relation              text NOT NULL,
    PRIMARY KEY (framework_code, control_code, target_framework_code, target_control_code),
    CONSTRAINT control_mappings_control_fkey FOREIGN KEY (framework_code, control_code)
        REFERENCES controls (framework_code, code) ON DELETE CASCADE,
    CONSTRAINT control_mappings_target_fkey FOREIGN KEY (target_framework_code, target_control_code)
        REFERENCES controls (framework_code, code) ON DELETE CASCADE,
    CONSTRAINT control_mappings_relation_known CHECK (relation IN ('covers', 'supports')),
    CONSTRAINT control_mappings_across CHECK (framework_code <> target_framework_code)
);
COMMENT ON TABLE control_mappings IS
    'Where work for one framework counts for another. Ours, not the authorities'': a help for whoever assesses, no '
    'proof.';
COMMENT ON COLUMN control_mappings.framework_code IS 'From this framework …';
COMMENT ON COLUMN control_mappings.control_code IS '… this control';
COMMENT ON COLUMN control_mappings.target_framework_code IS 'serves this other framework''s …';
COMMENT ON COLUMN control_mappings.target_control_code IS '… control.';
COMMENT ON COLUMN control_mappings.relation IS 'covers: it asks for the same; supports: it is a part of what is asked.';

CREATE INDEX control_mappings_target_idx ON control_mappings (target_framework_code, target_control_code);
COMMENT ON INDEX control_mappings_target_idx IS
    'What already serves a control: WHERE target_framework_code = $1 AND target_control_code = $2; view carried_over.';
