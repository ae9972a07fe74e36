--- fires 1:1
alter type mood add value if not exists 'blue';
--- fine
alter type mood add value 'blue' after 'sad';
