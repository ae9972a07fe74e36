--- fires 1:1
alter type mood rename value 'sad' to 'blue';
--- fine
alter type mood add value 'blue' before 'sad';
