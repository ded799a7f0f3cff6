-- Rows that version 2 could write.
INSERT INTO sign_ins (id, tenant_id, request_id, data) VALUES (1, 'abcdefghijklmnop', 'qrstuvwxyz012345', 'x');
