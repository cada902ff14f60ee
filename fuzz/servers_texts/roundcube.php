9<?php
$config = [];
$config['imap_host'] = 'ssl://mail'; // x
/* y */ $config['imap_conn_options'] = array('ssl' => ['verify_peer' => true, 3],);
if ($a == 1) { $config['b'] = $c . 'd'; }
