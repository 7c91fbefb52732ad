-- schema 0010

CREATE TABLE acceptance (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	bundle TEXT NOT NULL,
	model_sha256 TEXT NOT NULL,
	document_sha256 TEXT NOT NULL,
	population TEXT NOT NULL,
	accepted BOOLEAN NOT NULL,
	at TEXT NOT NULL,
	"by" TEXT NOT NULL,
	source TEXT NOT NULL,
	counts TEXT NOT NULL,
	figures TEXT NOT NULL,
	points TEXT,
	revoked_at TEXT,
	revoked_by TEXT
);

CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

CREATE TABLE arrival (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	root_id INTEGER NOT NULL,
	path BLOB NOT NULL,
	generation INTEGER NOT NULL,
	state TEXT NOT NULL,
	code TEXT,
	message TEXT,
	size BIGINT NOT NULL,
	mtime_ns BIGINT NOT NULL,
	ctime_ns BIGINT NOT NULL,
	inode BIGINT NOT NULL,
	device BIGINT NOT NULL,
	sha256 TEXT,
	study_id INTEGER,
	result_id INTEGER,
	duplicate_of INTEGER,
	superseded_by INTEGER,
	format TEXT,
	population TEXT,
	tier TEXT,
	age_years FLOAT,
	"view" TEXT,
	body_part TEXT,
	modality TEXT,
	accession TEXT,
	study_uid TEXT,
	instance_uid TEXT,
	acquired_at TEXT,
	attempts INTEGER DEFAULT '0' NOT NULL,
	not_before TEXT,
	backlog BOOLEAN NOT NULL,
	steps INTEGER NOT NULL,
	arrived_at TEXT NOT NULL,
	changed_at TEXT NOT NULL,
	removed_at TEXT, believed TEXT, marks TEXT, urgency TEXT, withdrawn_at TEXT, withdrawn_by INTEGER, measures TEXT,
	CONSTRAINT ck_arrival_generation CHECK (generation >= 1),
	CONSTRAINT fk_arrival_duplicate_of FOREIGN KEY(duplicate_of) REFERENCES arrival (id),
	CONSTRAINT fk_arrival_result_id FOREIGN KEY(result_id) REFERENCES result (id),
	CONSTRAINT fk_arrival_root_id FOREIGN KEY(root_id) REFERENCES root (id),
	CONSTRAINT fk_arrival_study_id FOREIGN KEY(study_id) REFERENCES study (id),
	CONSTRAINT fk_arrival_superseded_by FOREIGN KEY(superseded_by) REFERENCES arrival (id),
	CONSTRAINT uq_arrival_root_id_path_generation UNIQUE (root_id, path, generation)
);

CREATE INDEX ix_arrival_duplicate_of ON arrival (duplicate_of);

CREATE INDEX ix_arrival_result_id ON arrival (result_id);

CREATE INDEX ix_arrival_sha256 ON arrival (sha256);

CREATE INDEX ix_arrival_state_arrived_at ON arrival (state, arrived_at);

CREATE INDEX ix_arrival_study_id_arrived_at ON arrival (study_id, arrived_at);

CREATE INDEX ix_arrival_superseded_by ON arrival (superseded_by);

CREATE TABLE blind_case (
	id INTEGER NOT NULL,
	study_id INTEGER NOT NULL,
	arrival_id INTEGER NOT NULL,
	band TEXT NOT NULL,
	share FLOAT NOT NULL,
	every_band BOOLEAN NOT NULL,
	drawn_at TEXT NOT NULL,
	CONSTRAINT pk_blind_case PRIMARY KEY (id),
	CONSTRAINT fk_blind_case_study_id FOREIGN KEY(study_id) REFERENCES study (id),
	CONSTRAINT fk_blind_case_arrival_id FOREIGN KEY(arrival_id) REFERENCES arrival (id),
	CONSTRAINT uq_blind_case_study_id UNIQUE (study_id)
);

CREATE TABLE blind_span (
	id INTEGER NOT NULL,
	root_id INTEGER NOT NULL,
	began_at TEXT NOT NULL,
	ended_at TEXT,
	cause TEXT NOT NULL,
	CONSTRAINT pk_blind_span PRIMARY KEY (id),
	CONSTRAINT fk_blind_span_root_id FOREIGN KEY(root_id) REFERENCES root (id)
);

CREATE INDEX ix_blind_span_root_id ON blind_span (root_id);

CREATE TABLE bundle (
	id INTEGER NOT NULL,
	model_sha256 TEXT NOT NULL,
	name TEXT NOT NULL,
	preprocessing INTEGER NOT NULL,
	document TEXT NOT NULL,
	document_sha256 TEXT NOT NULL,
	first_used_at TEXT NOT NULL,
	CONSTRAINT pk_bundle PRIMARY KEY (id),
	CONSTRAINT uq_bundle_model_sha256_name_document_sha256 UNIQUE (model_sha256, name, document_sha256)
);

CREATE TABLE daemon_run (
	id INTEGER NOT NULL,
	kind TEXT NOT NULL,
	pid INTEGER NOT NULL,
	host TEXT NOT NULL,
	started_at TEXT NOT NULL,
	heartbeat_at TEXT NOT NULL,
	stopped_at TEXT,
	bundle_id INTEGER,
	CONSTRAINT pk_daemon_run PRIMARY KEY (id),
	CONSTRAINT fk_daemon_run_bundle_id FOREIGN KEY(bundle_id) REFERENCES bundle (id)
);

CREATE TABLE expected_film (
	id INTEGER NOT NULL,
	reconciliation_id INTEGER NOT NULL,
	kind TEXT NOT NULL,
	"key" TEXT NOT NULL,
	expected_at TEXT,
	CONSTRAINT pk_expected_film PRIMARY KEY (id),
	CONSTRAINT fk_expected_film_reconciliation_id FOREIGN KEY(reconciliation_id) REFERENCES reconciliation (id)
);

CREATE INDEX ix_expected_film_reconciliation_id ON expected_film (reconciliation_id);

CREATE TABLE history (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	arrival_id INTEGER NOT NULL,
	sequence INTEGER NOT NULL,
	at TEXT NOT NULL,
	from_state TEXT,
	to_state TEXT NOT NULL,
	reason TEXT NOT NULL,
	CONSTRAINT fk_history_arrival_id FOREIGN KEY(arrival_id) REFERENCES arrival (id),
	CONSTRAINT uq_history_arrival_id_sequence UNIQUE (arrival_id, sequence)
);

CREATE TABLE outbox_delivery (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	notice_id INTEGER NOT NULL,
	channel TEXT NOT NULL,
	target TEXT NOT NULL,
	escalated BOOLEAN NOT NULL,
	state TEXT NOT NULL,
	attempts INTEGER NOT NULL,
	not_before TEXT NOT NULL,
	ended_at TEXT,
	error TEXT,
	CONSTRAINT fk_outbox_delivery_notice_id FOREIGN KEY(notice_id) REFERENCES outbox_notice (id),
	CONSTRAINT uq_outbox_delivery_notice_id_channel_target_escalated UNIQUE (notice_id, channel, target, escalated)
);

CREATE INDEX ix_outbox_delivery_state_ended_at ON outbox_delivery (state, ended_at);

CREATE TABLE outbox_notice (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	kind TEXT NOT NULL,
	"key" TEXT NOT NULL,
	payload TEXT NOT NULL,
	created_at TEXT NOT NULL,
	study_id INTEGER,
	part_of INTEGER,
	acknowledged_at TEXT,
	acknowledged_by TEXT,
	escalated_at TEXT,
	CONSTRAINT fk_outbox_notice_study_id FOREIGN KEY(study_id) REFERENCES study (id),
	CONSTRAINT fk_outbox_notice_part_of FOREIGN KEY(part_of) REFERENCES outbox_notice (id),
	CONSTRAINT uq_outbox_notice_key UNIQUE ("key")
);

CREATE INDEX ix_outbox_notice_part_of ON outbox_notice (part_of);

CREATE INDEX ix_outbox_notice_study_id ON outbox_notice (study_id);

CREATE TABLE read_event (
	id INTEGER NOT NULL,
	study_id INTEGER NOT NULL,
	read_at TEXT NOT NULL,
	recorded_at TEXT NOT NULL,
	source TEXT NOT NULL,
	"by" TEXT,
	CONSTRAINT pk_read_event PRIMARY KEY (id),
	CONSTRAINT fk_read_event_study_id FOREIGN KEY(study_id) REFERENCES study (id)
);

CREATE INDEX ix_read_event_study_id_recorded_at ON read_event (study_id, recorded_at);

CREATE TABLE read_import (
	id INTEGER NOT NULL,
	at TEXT NOT NULL,
	source BLOB NOT NULL,
	rows INTEGER NOT NULL,
	marked INTEGER NOT NULL,
	unknown INTEGER NOT NULL,
	faults TEXT NOT NULL,
	CONSTRAINT pk_read_import PRIMARY KEY (id)
);

CREATE TABLE reconciliation (
	id INTEGER NOT NULL,
	at TEXT NOT NULL,
	source BLOB NOT NULL,
	expected INTEGER NOT NULL,
	first_expected_at TEXT,
	last_expected_at TEXT,
	CONSTRAINT pk_reconciliation PRIMARY KEY (id)
);

CREATE TABLE report (
	id INTEGER NOT NULL,
	site TEXT NOT NULL,
	report_date DATE NOT NULL,
	window_start TEXT NOT NULL,
	window_end TEXT NOT NULL,
	scheduled_at TEXT,
	written_at TEXT NOT NULL,
	folder BLOB,
	formats TEXT NOT NULL, figures TEXT,
	CONSTRAINT pk_report PRIMARY KEY (id),
	CONSTRAINT uq_report_site_report_date UNIQUE (site, report_date)
);

CREATE TABLE result (
	id INTEGER NOT NULL,
	content_sha256 TEXT NOT NULL,
	model_sha256 TEXT NOT NULL,
	preprocessing INTEGER NOT NULL,
	logit FLOAT NOT NULL,
	map BLOB,
	bundle_id INTEGER NOT NULL,
	scored_at TEXT NOT NULL,
	milliseconds FLOAT NOT NULL, unlikeness FLOAT,
	CONSTRAINT pk_result PRIMARY KEY (id),
	CONSTRAINT fk_result_bundle_id FOREIGN KEY(bundle_id) REFERENCES bundle (id),
	CONSTRAINT uq_result_content_sha256_model_sha256_preprocessing UNIQUE (content_sha256, model_sha256, preprocessing)
);

CREATE TABLE review (
	id INTEGER NOT NULL,
	study_id INTEGER NOT NULL,
	verdict TEXT NOT NULL,
	"by" TEXT,
	note TEXT,
	at TEXT NOT NULL,
	CONSTRAINT pk_review PRIMARY KEY (id),
	CONSTRAINT fk_review_study_id FOREIGN KEY(study_id) REFERENCES study (id)
);

CREATE INDEX ix_review_study_id ON review (study_id);

CREATE TABLE root (
	id INTEGER NOT NULL,
	path BLOB NOT NULL,
	added_at TEXT NOT NULL,
	first_scanned_at TEXT,
	rescan_started_at TEXT,
	rescan_ended_at TEXT,
	state TEXT NOT NULL,
	message TEXT, selection TEXT, place TEXT, newest_ctime_ns BIGINT, events BOOLEAN, canary_stamp TEXT, canary_seen_at TEXT, retired_at TEXT, drift TEXT,
	CONSTRAINT pk_root PRIMARY KEY (id),
	CONSTRAINT uq_root_path UNIQUE (path)
);

CREATE TABLE study (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	"key" TEXT NOT NULL,
	group_key TEXT NOT NULL,
	accession TEXT,
	created_at TEXT NOT NULL,
	requested_urgency TEXT DEFAULT 'routine' NOT NULL,
	CONSTRAINT uq_study_group_key UNIQUE (group_key),
	CONSTRAINT uq_study_key UNIQUE ("key")
);

CREATE INDEX ix_study_accession ON study (accession);

CREATE TABLE urgency_event (
	id INTEGER NOT NULL,
	study_id INTEGER NOT NULL,
	urgency TEXT NOT NULL,
	at TEXT NOT NULL,
	source TEXT NOT NULL,
	"by" TEXT,
	CONSTRAINT pk_urgency_event PRIMARY KEY (id),
	CONSTRAINT fk_urgency_event_study_id FOREIGN KEY(study_id) REFERENCES study (id)
);

CREATE INDEX ix_urgency_event_study_id ON urgency_event (study_id);

CREATE TABLE withdrawal (
	id INTEGER NOT NULL,
	note_id INTEGER NOT NULL,
	instance_uid TEXT NOT NULL,
	reason TEXT NOT NULL,
	at TEXT NOT NULL,
	CONSTRAINT pk_withdrawal PRIMARY KEY (id),
	CONSTRAINT fk_withdrawal_note_id FOREIGN KEY(note_id) REFERENCES arrival (id)
);

CREATE INDEX ix_withdrawal_instance_uid ON withdrawal (instance_uid);

CREATE INDEX ix_withdrawal_note_id ON withdrawal (note_id);
