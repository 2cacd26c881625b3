-- Who may do what changes by facts about people, their sessions and keys, books and invitations. Every API process
-- remembers what it needs of them, and asks each second which of them have changed: of the few facts that are not
-- about money. A query must bear the same condition to find this index.
CREATE INDEX stored_events_standing_idx ON record.stored_events (notification_id) INCLUDE (originator_id)
 WHERE topic LIKE 'user.%' OR topic LIKE 'session.%' OR topic LIKE 'book.%' OR topic LIKE 'key.%'
    OR topic LIKE 'invitation.%';
